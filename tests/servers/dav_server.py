"""What the scripts of calendar servers share beside imap_server.py."""
import base64
import contextlib
import http.client
import importlib.machinery
import importlib.util
import pathlib

import imap_server

USERS = 1000  # user1, user2, ...: servers that read their accounts once have all of them from the start


def account_names(state):
    return [state["user"], *(f"user{number}" for number in range(1, USERS + 1))]


def beside(name):
    """The script `name` of this folder as a module."""
    place = str(pathlib.Path(__file__).resolve().parent / name)
    spec = importlib.util.spec_from_loader(name, importlib.machinery.SourceFileLoader(name, place))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class DavServer(imap_server.Server):
    """A calendar server, which is up when it answers PROPFIND."""

    probe = "/"

    def answers_login(self):
        """Whether PROPFIND of `probe` is answered to the account that is always there."""
        credentials = base64.b64encode(f"{self.state['user']}:{self.state['password']}".encode()).decode()
        connection = http.client.HTTPConnection("127.0.0.1", int(self.state["port"]), timeout=10)
        with contextlib.closing(connection), contextlib.suppress(http.client.HTTPException):
            connection.request("PROPFIND", self.probe.format(**self.state), headers={
                "Depth": "0", "Authorization": "Basic " + credentials, "Content-Length": "0"})
            return connection.getresponse().status == 207
        return False

    def discard(self):
        self.kill()
