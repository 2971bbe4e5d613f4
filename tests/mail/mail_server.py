"""aiosmtpd on a free port of this machine: what it offers, whom it refuses, and where it breaks off."""

import asyncio
import email
import email.policy
import logging
import ssl
import threading

import trustme
from aiosmtpd.smtp import SMTP, AuthResult

# Every conversation that fails would be told with a traceback, and most here are meant to.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)
AUTHORITY = trustme.CA()
USER, PASSWORD = "reports@example.com", "correct horse"


def tls_for(host):
    """What a server called `host` needs to speak TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(host).configure_cert(context)
    return context


class Taken:
    """A mail that was taken, and how it came."""

    def __init__(self, server, session, envelope):
        self.sender, self.recipients = envelope.mail_from, envelope.rcpt_tos
        self.was_encrypted = server.transport.get_extra_info("ssl_object") is not None
        self.user = session.auth_data.login.decode() if session.auth_data else None
        self.message = email.message_from_bytes(envelope.original_content, policy=email.policy.SMTP)

    def defects(self):
        return [defect for part in self.message.walk() for defect in part.defects]


class Mailbox:
    """Takes mails; `refusals` has the answers to a recipient one after another, then it is taken."""

    def __init__(self, refusals=None):
        self.refusals = refusals or {}
        self.taken = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        answers = self.refusals.get(address)
        if answers:
            return answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_DATA(self, server, session, envelope):
        self.taken.append(Taken(server, session, envelope))
        return "250 2.0.0 queued"


class ClosesAmidTheMessage(SMTP):
    """Ends the connection while the first message is on its way, and takes the next."""

    has_closed = False

    async def smtp_DATA(self, arg):
        if ClosesAmidTheMessage.has_closed:
            return await super().smtp_DATA(arg)
        ClosesAmidTheMessage.has_closed = True
        await self.push("354 go on")
        await self._reader.readuntil(b"\r\n")
        self.transport.abort()
        # Until the connection is seen to be lost, which cancels this.
        await asyncio.Event().wait()


class NeverAnswers(asyncio.Protocol):
    """Takes the connection and what is said, and is silent."""

    def __init__(self):
        self.connected = None

    def connection_made(self, transport):
        self.connected.set()


class MailServer:
    """A server that runs while its block does."""

    def __init__(self, mailbox, protocol=SMTP, tls=None, tls_from_the_start=False, **options):
        self.mailbox = mailbox
        self._protocol, self._tls, self._at_once = protocol, tls, tls_from_the_start
        self._options = options
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.connected = threading.Event()

    def _conversation(self):
        if not issubclass(self._protocol, SMTP):
            silent = self._protocol()
            silent.connected = self.connected
            return silent
        starttls = None if self._at_once else self._tls
        return self._protocol(
            self.mailbox, hostname="localhost", loop=self._loop, tls_context=starttls,
            require_starttls=starttls is not None, **self._options
        )

    async def _listen(self):
        at_once = self._tls if self._at_once else None
        return await self._loop.create_server(self._conversation, "127.0.0.1", 0, ssl=at_once)

    async def _close(self):
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def __enter__(self):
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(30)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def knows_the_user(server, session, envelope, mechanism, auth_data):
    """Lets in who has the user's name and password."""
    is_right = (auth_data.login, auth_data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_right, auth_data=auth_data, handled=False)
