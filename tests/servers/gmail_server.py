"""Gmail's rules for mail, as far as its users and documentation tell them, in memory; started by `gmail`.

    gmail_server.py SETTINGS    SETTINGS: lines port=, user=, password=

- A mailbox is a label. A message is there once, in every mailbox whose label it has, and always in All Mail but when it is
  in the trash; X-GM-MSGID is the same in all.
- X-GM-LABELS are the labels but that of the mailbox in use. Those of Gmail's own begin with a backslash; \\Starred is the
  flag \\Flagged. Storing a label that is not there makes it.
- Expunging takes the mailbox's label off; what is expunged from the trash is gone.
- Appending bytes with a Message-ID that is there gives the message that has it one label more.
- No QRESYNC, MULTIAPPEND or LIST-STATUS; LITERAL- takes 4096 octets.
"""
import base64
import re
import socketserver
import sys
import threading
import time

OWN = {"INBOX": (r"\Inbox", ""), "[Gmail]": (None, r"\Noselect"), "[Gmail]/All Mail": (None, r"\All"),
       "[Gmail]/Sent Mail": (r"\Sent", r"\Sent"), "[Gmail]/Drafts": (r"\Draft", r"\Drafts"),
       "[Gmail]/Important": (r"\Important", r"\Important"), "[Gmail]/Starred": (r"\Starred", r"\Flagged"),
       "[Gmail]/Trash": (r"\Trash", r"\Trash")}
CAPABILITIES = "IMAP4rev1 UNSELECT NAMESPACE ID CHILDREN X-GM-EXT-1 UIDPLUS MOVE SPECIAL-USE LITERAL- AUTH=PLAIN SASL-IR"
HIERARCHY, VALIDITY = "/", 7


class Message:
    def __init__(self, number, text, date, flags, label):
        self.number, self.text, self.date = number, text, date
        self.flags, self.labels = set(flags), {label} if label else set()

    def message_id(self):
        found = re.search(rb"(?im)^message-id:\s*(\S+)", self.text.split(b"\r\n\r\n")[0])
        return found.group(1) if found else None


class Box:
    def __init__(self):
        self.uids, self.next_uid = {}, 1  # of Message by UID


class Account:
    """All methods with `lock` held."""

    def __init__(self):
        self.lock = threading.Lock()
        self.messages, self.boxes, self.last = [], {name: Box() for name in OWN}, 1278455344230334864

    @staticmethod
    def label_of(name):
        return OWN[name][0] if name in OWN else name

    def mailbox_of(self, label):
        return next((name for name, (own, _) in OWN.items() if own and own.lower() == label.lower()), label)

    def is_in(self, message, name):
        if r"\Trash" in message.labels:
            return name == "[Gmail]/Trash"
        if name == "[Gmail]/Starred":
            return r"\Flagged" in message.flags
        return name == "[Gmail]/All Mail" or self.label_of(name) in message.labels

    def settle(self):
        """Puts every message into the mailboxes that it belongs to."""
        for name, box in self.boxes.items():
            for uid in [uid for uid, message in box.uids.items() if not self.is_in(message, name)]:
                del box.uids[uid]
            there = set(map(id, box.uids.values()))
            for message in self.messages:
                if id(message) not in there and self.is_in(message, name):
                    box.uids[box.next_uid] = message
                    box.next_uid += 1

    def add(self, message, label):
        if label == r"\Starred":
            message.flags.add(r"\Flagged")
        else:
            message.labels.add(label)
            self.boxes.setdefault(self.mailbox_of(label), Box())

    def remove(self, message, label):
        if label == r"\Starred":
            message.flags.discard(r"\Flagged")
        message.labels.discard(label)
        if label == r"\Trash":
            self.messages.remove(message)

    def append(self, name, text, flags, date):
        message = Message(self.last + 1, text, date, flags, None)
        known = next((one for one in self.messages
                      if one.message_id() and one.message_id() == message.message_id()), None)
        if known is None:
            self.last += 1
            self.messages.append(message)
        known = known or message
        if self.label_of(name):
            self.add(known, self.label_of(name))
        self.settle()
        return next(uid for uid, one in self.boxes[name].uids.items() if one is known)


class Refused(Exception):
    """NO, and why."""


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Conversation(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.account, self.box, self.shown = self.server.account, None, []

    def say(self, text):
        self.wfile.write(text if isinstance(text, bytes) else text.encode() + b"\r\n")

    def command(self):
        """A line, and the literals in it, for which NUL, its number and NUL stand."""
        line, literals = b"", []
        while True:
            part = self.rfile.readline()
            if not part.endswith(b"\n"):
                return None, None
            line += part.rstrip(b"\r\n")
            size = re.search(rb"\{(\d+)(\+?)\}$", line)
            if not size:
                return line.decode("utf-8", "surrogateescape"), literals
            if not size.group(2):
                self.say("+ go on")
            line = line[:size.start()] + b"\0%d\0" % len(literals)
            literals.append(self.rfile.read(int(size.group(1))))

    def handle(self):
        self.say("* OK Gimap ready")
        while True:
            line, self.literals = self.command()
            if line is None:
                return
            tag, _, rest = line.partition(" ")
            verb, _, arguments = rest.partition(" ")
            if verb.upper() == "UID":
                verb, _, arguments = arguments.partition(" ")
                verb = "UID_" + verb
            if verb.upper() == "LOGOUT":
                self.say("* BYE")
                return self.say(f"{tag} OK")
            method = getattr(self, "do_" + verb.lower(), None)
            with self.account.lock:
                self.tell_news()
                try:
                    self.say(f"{tag} BAD unknown" if method is None else f"{tag} OK {method(arguments) or 'done'}")
                except Refused as why:
                    self.say(f"{tag} NO {why}")

    def tell_news(self):
        """Before each answer, what has come and gone in the mailbox in use."""
        if self.box is None:
            return
        now = list(self.account.boxes[self.box].uids)
        for place in range(len(self.shown), 0, -1):
            if self.shown[place - 1] not in now:
                self.say(f"* {place} EXPUNGE")
                del self.shown[place - 1]
        if len(now) > len(self.shown):
            self.shown = now
            self.say(f"* {len(now)} EXISTS")

    def words(self, text):
        """Atoms and strings, without parentheses."""
        found = re.findall(r'"((?:[^"\\]|\\.)*)"|\0(\d+)\0|([^\s()"\0]+)', text)
        return [re.sub(r"\\(.)", r"\1", a) if not (b or c) else self.literals[int(b)].decode() if b else c for a, b, c in found]

    def name_in(self, text):
        name = self.words(text)[0]
        name = "INBOX" if name.upper() == "INBOX" else name
        if name not in self.account.boxes or OWN.get(name, ("", ""))[1] == r"\Noselect":
            raise Refused("[NONEXISTENT] Unknown Mailbox: " + name)
        return name

    def do_capability(self, _):
        self.say("* CAPABILITY " + CAPABILITIES)

    def enter(self, user, password):
        if (user, password) != (self.server.user, self.server.password):
            raise Refused("[AUTHENTICATIONFAILED] Invalid credentials")
        return f"[CAPABILITY {CAPABILITIES}] {user} authenticated"

    def do_login(self, arguments):
        return self.enter(*self.words(arguments)[:2])

    def do_authenticate(self, arguments):
        initial = arguments.split()[1:]
        if not initial:
            self.say("+ ")
            initial = [self.rfile.readline().decode().strip()]
        return self.enter(*base64.b64decode(initial[0]).decode().split("\0")[1:])

    def do_id(self, _):
        self.say('* ID ("name" "GImap" "vendor" "Google, Inc.")')

    def do_namespace(self, _):
        self.say('* NAMESPACE (("" "/")) NIL NIL')

    def do_noop(self, _):
        pass

    def do_list(self, arguments):
        if self.words(arguments)[-1] == "":
            return self.say(r'* LIST (\Noselect) "/" ""')
        for name in self.account.boxes:
            own = OWN.get(name, ("", ""))[1]
            self.say(f'* LIST (\\HasNoChildren{" " + own if own else ""}) "{HIERARCHY}" {quoted(name)}')

    def do_status(self, arguments):
        name = self.name_in(arguments)
        box = self.account.boxes[name]
        self.say(f"* STATUS {quoted(name)} (MESSAGES {len(box.uids)} UIDNEXT {box.next_uid} UIDVALIDITY {VALIDITY} UNSEEN 0)")

    def do_create(self, arguments):
        self.account.boxes.setdefault(self.words(arguments)[0], Box())

    def do_select(self, arguments, access="READ-WRITE"):
        self.box = self.name_in(arguments)
        box = self.account.boxes[self.box]
        self.shown = list(box.uids)
        self.say(r"* FLAGS (\Answered \Flagged \Draft \Deleted \Seen $NotPhishing $Phishing)")
        self.say(r"* OK [PERMANENTFLAGS (\Answered \Flagged \Draft \Deleted \Seen $NotPhishing $Phishing \*)] Flags permitted.")
        self.say(f"* OK [UIDVALIDITY {VALIDITY}] UIDs valid.")
        self.say(f"* {len(box.uids)} EXISTS")
        self.say("* 0 RECENT")
        self.say(f"* OK [UIDNEXT {box.next_uid}] Predicted next UID.")
        return f"[{access}] {self.box} selected. (Success)"

    def do_examine(self, arguments):
        return self.do_select(arguments, "READ-ONLY")

    def do_unselect(self, _):
        self.box = None

    def chosen(self, text):
        uids = self.account.boxes[self.box].uids
        most = max(uids, default=0)
        wanted = set()
        for part in text.split(","):
            ends = [most if end == "*" else int(end) for end in part.split(":")]
            wanted.update(range(min(ends), min(max(ends), most) + 1))
        return [uid for uid in sorted(wanted) if uid in uids]

    def tell(self, uid, items):
        message = self.account.boxes[self.box].uids[uid]
        labels = message.labels - {self.account.label_of(self.box)}
        if r"\Flagged" in message.flags and self.box != "[Gmail]/Starred":
            labels = labels | {r"\Starred"}
        parts = [b"UID %d" % uid]
        header, _, _ = message.text.partition(b"\r\n\r\n")
        for item in re.findall(r"BODY\.PEEK\[[^]]*\](?:<[\d.]+>)?|[A-Z0-9.-]+", items):
            if item == "FLAGS":
                parts.append(b"FLAGS (" + " ".join(sorted(message.flags)).encode() + b")")
            elif item == "X-GM-MSGID":
                parts.append(b"X-GM-MSGID %d" % message.number)
            elif item == "X-GM-LABELS":
                parts.append(b"X-GM-LABELS (" + " ".join(map(quoted, sorted(labels))).encode() + b")")
            elif item == "RFC822.SIZE":
                parts.append(b"RFC822.SIZE %d" % len(message.text))
            elif item == "INTERNALDATE":
                parts.append(b'INTERNALDATE "' + message.date.encode() + b'"')
            elif item.startswith("BODY.PEEK[HEADER.FIELDS"):
                names = re.search(r"\(([^)]*)\)", item).group(1).lower().split()
                fields = re.findall(rb"(?:^|\r\n)([^\s:][^\r\n]*(?:\r\n[ \t][^\r\n]*)*)", header)
                kept = [field for field in fields if field.split(b":")[0].decode().lower() in names]
                text = b"".join(field + b"\r\n" for field in kept) + b"\r\n"
                parts.append(b"BODY" + item[9:].encode() + b" {%d}\r\n" % len(text) + text)
            elif item.startswith("BODY.PEEK[]"):
                ends = re.search(r"<(\d+)\.(\d+)>", item)
                begin, size = map(int, ends.groups()) if ends else (0, len(message.text))
                text = message.text[begin:begin + size]
                parts.append(b"BODY[]" + (b"<%d>" % begin if ends else b"") + b" {%d}\r\n" % len(text) + text)
        self.say(b"* %d FETCH (" % (self.shown.index(uid) + 1) + b" ".join(parts) + b")\r\n")

    def do_uid_fetch(self, arguments):
        uids, _, items = arguments.partition(" ")
        for uid in self.chosen(uids):
            self.tell(uid, items)

    def do_uid_store(self, arguments):
        uids, what, values = arguments.split(" ", 2)
        sign, name = what[0], what[1:].upper().removesuffix(".SILENT")
        words = self.words(values)
        for uid in self.chosen(uids):
            message = self.account.boxes[self.box].uids[uid]
            for word in words:
                if name == "X-GM-LABELS":
                    (self.account.add if sign == "+" else self.account.remove)(message, word)
                else:
                    (message.flags.add if sign == "+" else message.flags.discard)(word)
        self.account.settle()
        self.tell_news()

    def do_uid_search(self, arguments):
        words = self.words(arguments)
        uids = self.chosen(words[1] if words[0].upper() == "UID" else "1:*")
        self.say("* SEARCH" + "".join(f" {uid}" for uid in uids))

    def do_uid_expunge(self, arguments):
        box = self.account.boxes[self.box]
        for uid in self.chosen(arguments):
            message = box.uids[uid]
            if r"\Deleted" in message.flags:
                message.flags.discard(r"\Deleted")
                self.account.remove(message, self.account.label_of(self.box))
        self.account.settle()
        self.tell_news()

    def do_uid_copy(self, arguments, moves=False):
        uids, _, target = arguments.partition(" ")
        name = self.name_in(target)
        chosen = self.chosen(uids)
        messages = [self.account.boxes[self.box].uids[uid] for uid in chosen]
        for message in messages:
            self.account.add(message, self.account.label_of(name))
            if moves:
                self.account.remove(message, self.account.label_of(self.box))
        self.account.settle()
        placed = {id(message): uid for uid, message in self.account.boxes[name].uids.items()}
        code = f"[COPYUID {VALIDITY} {','.join(map(str, chosen))} {','.join(str(placed[id(one)]) for one in messages)}]"
        if moves:
            self.say(f"* OK {code}")
            self.tell_news()
        return code

    def do_uid_move(self, arguments):
        return self.do_uid_copy(arguments, True)

    def do_append(self, arguments):
        name = self.name_in(arguments)
        flags = re.search(r"\(([^)]*)\)", arguments)
        date = re.search(r'"([ \d]\d-[^"]*)"', arguments)
        when = date.group(1) if date else time.strftime("%d-%b-%Y %H:%M:%S +0000", time.gmtime())
        text = self.literals[int(re.search(r"\0(\d+)\0$", arguments).group(1))]
        uid = self.account.append(name, text, flags.group(1).split() if flags else [], when)
        self.tell_news()
        return f"[APPENDUID {VALIDITY} {uid}] (Success)"


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

    def __init__(self, settings):
        super().__init__(("127.0.0.1", int(settings["port"])), Conversation)
        self.user, self.password, self.account = settings["user"], settings["password"], Account()


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as lines:
        Server(dict(line.rstrip("\n").split("=", 1) for line in lines)).serve_forever()
