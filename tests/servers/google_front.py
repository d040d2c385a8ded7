"""The rules of Google's CalDAV v2 and CardDAV doors, as its guide and its clients tell of them, before a Radicale.

    google_front.py FILE DIRECTORY    FILE: lines key=value, as the script `google` writes them

OAuth 2 tokens only; no MKCALENDAR, MKCOL, MOVE, COPY, LOCK; of conditions If-Match alone; numeric ETags, and none in answers
to PUT; an object is called by its UID, whatever name it was sent to; no tasks and journals; sync tokens that are paths; an
empty propstat 404 beside each item; a UID that was removed may not come back; quotas.
"""
import base64
import hashlib
import http.client
import pathlib
import re
import ssl
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SETTINGS = dict(line.split("=", 1) for line in pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").splitlines())
TOKENS = pathlib.Path(sys.argv[2], "tokens")
ACCOUNT, QUOTA = "tester@gmail.test", int(SETTINGS["quota"])
UPSTREAM = ("127.0.0.1", int(SETTINGS["port"]))
LOGIN = "Basic " + base64.b64encode(f"{SETTINGS['user']}:{SETTINGS['password']}".encode()).decode()
PLACES = {f"/caldav/v2/{ACCOUNT}/events/": "/tester/calendar/",
          f"/carddav/v1/principals/{ACCOUNT}/lists/default/": "/tester/contacts/"}
MISSING = ("MKCALENDAR", "MKCOL", "MOVE", "COPY", "LOCK", "UNLOCK", "ACL")
EMPTY_ERROR = b'<?xml version="1.0" encoding="UTF-8"?>\n<D:error xmlns:D="DAV:"/>'
LOCK = threading.Lock()
ETAGS, REMOVED, RECENT = {}, set(), []


def upstream(method, path, body=b"", headers=None):
    connection = http.client.HTTPConnection(*UPSTREAM, timeout=30)
    connection.request(method, urllib.parse.quote(path, safe="/@%"), body, {"Authorization": LOGIN, **(headers or {})})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, data


def numeric(etag):
    """Google's form of one of Radicale's."""
    number = f'"{63000000000 + int(hashlib.sha256(etag.encode()).hexdigest()[:8], 16)}"'
    ETAGS[number] = etag
    return number


def uid_of(body):
    found = re.search(rb"^UID:(\S+)", body, re.MULTILINE)
    return found[1].decode() if found else ""


class Front(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "GSE"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", kind="text/plain", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def is_over_quota(self):
        with LOCK:
            now = time.monotonic()
            RECENT[:] = [moment for moment in RECENT if moment > now - 1] + [now]
            return QUOTA and len(RECENT) > QUOTA

    def has_token(self):
        name = self.headers.get("Authorization", "").removeprefix("Bearer ")
        place = TOKENS / name
        return re.fullmatch(r"[\w.]+", name) and place.exists() and float(place.read_text(encoding="ascii")) > time.time()

    def handle_request(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urllib.parse.unquote(self.path)
        if path == "/ready":
            return self.answer(200)
        if self.is_over_quota():
            return self.answer(403, b'{"error":{"errors":[{"reason":"rateLimitExceeded"}],"code":403}}', "application/json")
        if not self.has_token():
            return self.answer(401, b"Login Required", WWW_Authenticate='Bearer error="invalid_token"')
        if self.command in MISSING:
            return self.answer(405, b"Method Not Allowed")
        if path == "/.well-known/carddav":
            return self.answer(301, Location=list(PLACES)[1])
        if path in (f"/caldav/v2/{ACCOUNT}/user", f"/caldav/v2/{ACCOUNT}/user/"):
            return self.answer(207, PRINCIPAL.format(path=path, account=ACCOUNT).encode(), "text/xml")
        is_home = path == f"/caldav/v2/{ACCOUNT}/"
        place = next((one for one in PLACES if (path + "events/" if is_home else path).startswith(one)), None)
        if place is None or (self.command == "OPTIONS" and "carddav" in path):
            return self.answer(404, b"Not Found")
        if is_home:
            self.headers.replace_header("Depth", "0")
        return self.forward(place, "" if is_home else path.removeprefix(place), body)

    def forward(self, place, name, body):
        target, uid = PLACES[place] + name, uid_of(body)
        headers = {key: value for key, value in self.headers.items() if key.lower() in ("depth", "content-type")}
        if condition := self.headers.get("If-Match"):
            headers["If-Match"] = ETAGS.get(condition, '"stale"')
        if self.command == "PUT":
            if re.search(rb"BEGIN:(VTODO|VJOURNAL)", body):
                return self.answer(403, EMPTY_ERROR, "text/xml")
            if uid in REMOVED:
                return self.answer(409, EMPTY_ERROR, "text/xml")
            target = PLACES[place] + uid + (".ics" if "caldav" in place else "")
        if self.command == "DELETE":
            uid = uid_of(upstream("GET", target)[2])
        if self.command == "REPORT":
            body = body.replace(place.encode(), PLACES[place].encode())
            body = re.sub(rb"(sync-token>)/\S*?/sync/([0-9a-f]+)<", rb"\1http://radicale.org/ns/sync/\2<", body)
        status, answered, data = upstream(self.command, target, body, headers)
        if self.command == "DELETE" and status < 300:
            REMOVED.add(uid)
        more = {"ETag": numeric(answered["etag"])} if "etag" in answered and self.command != "PUT" else {}
        if status == 207:
            data = self.translated(data.decode(), place).encode()
        return self.answer(status, data, answered.get("content-type", "text/plain"), **more)

    def translated(self, text, place):
        text = re.sub(r"(<getetag>)([^<]*)", lambda found: found[1] + numeric(found[2].replace("&quot;", '"')), text)
        text = text.replace("<href>" + PLACES[place], "<href>" + place)
        text = text.replace("http://radicale.org/ns/sync/", place + "sync/")
        missing = "<propstat><prop><displayname /></prop><status>HTTP/1.1 404 Not Found</status></propstat></response>"
        return text.replace("</propstat></response>", "</propstat>" + missing) if self.command == "REPORT" else text


for verb in ("GET", "PUT", "DELETE", "OPTIONS", "PROPFIND", "PROPPATCH", "REPORT", *MISSING):
    setattr(Front, "do_" + verb, Front.handle_request)

PRINCIPAL = """<D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:response><D:href>{path}</D:href>
<D:propstat><D:prop><D:current-user-principal><D:href>/caldav/v2/{account}/user</D:href></D:current-user-principal>
<C:calendar-home-set><D:href>/caldav/v2/{account}/</D:href></C:calendar-home-set></D:prop>
<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>"""

MAKE = """<mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:A="urn:ietf:params:xml:ns:carddav"><set><prop>
<resourcetype><collection/><{kind}/></resourcetype><displayname>{name}</displayname></prop></set></mkcol>"""


def main():
    for path, kind, name in (("/tester/calendar/", "C:calendar", ACCOUNT), ("/tester/contacts/", "A:addressbook", "Contacts")):
        for _ in range(200):
            try:
                upstream("MKCOL", path, MAKE.format(kind=kind, name=name).encode(), {"Content-Type": "application/xml"})
                break
            except OSError:
                time.sleep(0.05)
    server = ThreadingHTTPServer(("127.0.0.1", int(SETTINGS["tls_port"])), Front)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls = pathlib.Path(sys.argv[2], "tls")
    context.load_cert_chain(tls / "server.pem", tls / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


main()
