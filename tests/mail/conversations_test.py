"""`report --send` in conversation with aiosmtpd: encrypted, logged in, refused, put off and cut off."""

import unittest

from mail_server import PASSWORD, USER, ClosesAmidTheMessage, Mailbox, MailServer, knows_the_user, tls_for
from program import PUBLIC_URL, Installation

OWNER, PARTNER = "owner@example.org", "partner@example.org"


class Conversations(unittest.TestCase):
    def setUp(self):
        self.installation = Installation(self)
        self.mailbox = Mailbox()

    def sent(self, server, *options, to=OWNER):
        was_sent, said = self.installation.send(server, to, *options)
        self.assertTrue(was_sent, said)
        return said

    def refused(self, server, *options, to=OWNER, **choices):
        was_sent, said = self.installation.send(server, to, *options, **choices)
        self.assertFalse(was_sent, said)
        return said

    def assert_is_the_report(self, taken):
        self.assertEqual(taken.defects(), [])
        self.assertEqual((taken.sender, taken.recipients), ("reports@example.com", [OWNER]))
        message = taken.message
        subject = f"CV Analytics Weekly Report - Week [{self.installation.week}]"
        self.assertTrue(message["Subject"].startswith(subject), message["Subject"])
        self.assertEqual(message["To"].addresses[0].addr_spec, OWNER)
        self.assertEqual(message["From"].addresses[0].display_name, "Reports")
        self.assertIsNotNone(message["Date"].datetime)
        self.assertTrue(message["Message-ID"])
        self.assertEqual(message["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
        self.assertIn(f"<{PUBLIC_URL}/unsubscribe/", message["List-Unsubscribe"])
        self.assertEqual(message.get_content_type(), "multipart/alternative")
        kinds = [part.get_content_type() for part in message.iter_parts()]
        self.assertEqual(kinds, ["text/plain", "text/html"])
        for part in message.iter_parts():
            self.assertIn(self.installation.week, part.get_content())
        text = message.get_body(("plain",)).get_content()
        self.assertIn("Kubernetes", text)
        # What is not ASCII arrives as it was: the days of the week are a range.
        self.assertIn("–", text)

    def test_starttls_with_an_authority_of_the_owners(self):
        with MailServer(self.mailbox, tls=tls_for("localhost")) as server:
            self.assertIn(f"sent to {OWNER} through localhost:{server.port}", self.sent(server))
        (taken,) = self.mailbox.taken
        self.assertTrue(taken.was_encrypted)
        self.assert_is_the_report(taken)

    def test_tls_from_the_first_byte(self):
        with MailServer(self.mailbox, tls=tls_for("localhost"), tls_from_the_start=True) as server:
            self.sent(server, "--smtp-security", "tls")
        (taken,) = self.mailbox.taken
        self.assertTrue(taken.was_encrypted)
        self.assert_is_the_report(taken)

    def test_a_server_of_the_other_way_or_without_tls_gets_nothing(self):
        with MailServer(self.mailbox, tls=tls_for("localhost")) as server:
            self.assertIn("does not begin with TLS", self.refused(server, "--smtp-security", "tls"))
        with MailServer(self.mailbox) as server:
            self.assertIn("does not offer STARTTLS", self.refused(server))
        self.assertEqual(self.mailbox.taken, [])

    def test_a_certificate_that_cannot_be_trusted(self):
        with MailServer(self.mailbox, tls=tls_for("mail.example.net")) as server:
            self.assertIn("is for another name than localhost", self.refused(server))
        with MailServer(self.mailbox, tls=tls_for("localhost")) as server:
            options = self.installation.mail_options(server)
            place = options.index("--smtp-ca")
            done = self.installation.run("report", "--send", "--to", OWNER, *options[:place], *options[place + 2:])
            self.assertIn("an authority that this machine does not trust", done.stderr)
        self.assertEqual(self.mailbox.taken, [])

    def test_a_login_by_each_mechanism(self):
        for left_out in ("LOGIN", "PLAIN"):
            with self.subTest(left_out=left_out), MailServer(
                self.mailbox, tls=tls_for("localhost"), authenticator=knows_the_user, auth_required=True,
                auth_exclude_mechanism=[left_out]
            ) as server:
                self.sent(server, "--smtp-user", USER, "--again")
                self.assertEqual(self.mailbox.taken.pop().user, USER)

    def test_a_login_that_is_wrong_or_missing(self):
        with MailServer(
            self.mailbox, tls=tls_for("localhost"), authenticator=knows_the_user, auth_required=True
        ) as server:
            said = self.refused(server, "--smtp-user", USER, password="not that one")
            self.assertIn("refuses the login (535)", said)
            self.assertNotIn("not that one", said)
            self.assertIn("refuses the mail (530", self.refused(server))
            self.assertEqual(self.mailbox.taken, [])
            self.sent(server, "--smtp-user", USER)
        self.assertEqual(len(self.mailbox.taken), 1)

    def test_of_two_recipients_one_is_refused(self):
        self.mailbox.refusals[PARTNER] = [f"550 5.1.1 <{PARTNER}>: no such user"] * 2
        both = f"{PARTNER}, {OWNER}"
        with MailServer(self.mailbox, tls=tls_for("localhost")) as server:
            said = self.refused(server, to=both)
            self.assertIn("refuses the mail (550 5.1.1 [email] no such user)", said)
            self.assertIn(f"sent to {OWNER} through", said)
            self.assertIn(f"sent to {OWNER} before", self.refused(server, to=both))
            self.sent(server, to=both)
        self.assertEqual([taken.recipients for taken in self.mailbox.taken], [[OWNER], [PARTNER]])

    def test_greylisting(self):
        self.mailbox.refusals[OWNER] = ["451 4.7.1 greylisted, come again in 60 seconds"]
        with MailServer(self.mailbox, tls=tls_for("localhost")) as server:
            said = self.refused(server)
            self.assertIn("does not take the mail yet (451 4.7.1 greylisted", said)
            self.sent(server)
            self.sent(server)
        self.assertEqual(len(self.mailbox.taken), 1)

    def test_a_conversation_that_is_cut_off_amid_the_message(self):
        with MailServer(self.mailbox, ClosesAmidTheMessage, tls=tls_for("localhost")) as server:
            said = self.refused(server)
            self.assertIn("broke before it had said that it has the mail: it is sent again", said)
            self.assertEqual(self.mailbox.taken, [])
            self.sent(server)
        self.assert_is_the_report(self.mailbox.taken[0])


if __name__ == "__main__":
    unittest.main()
