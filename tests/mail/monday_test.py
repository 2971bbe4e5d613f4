"""`serve` and the mail that is due: once to each recipient, told on the page, and with an unsubscribe link."""

import html
import unittest

from mail_server import Mailbox, MailServer, NeverAnswers, tls_for
from program import PUBLIC_URL, Installation

OWNER, PARTNER = "owner@example.org", "partner@example.org"
# The moment at which a week is over, so that its mail is due whenever the tests run.
SCHEDULE = "cron(0 0 ? * MON *)"


class Monday(unittest.TestCase):
    def setUp(self):
        self.installation = Installation(self)
        self.mailbox = Mailbox()

    def serve(self, server, *options):
        recipients = f"{OWNER},{PARTNER}"
        return self.installation.serve(server, "--mail-to", recipients, "--mail-schedule", SCHEDULE, *options)

    def have_recipients_for_weeks(self, server):
        with self.serve(server) as serving:
            serving.until(lambda: len(self.installation.recipients()) == 2)
        self.assertEqual(self.mailbox.taken, [], "nobody who is new gets what was due before")
        self.installation.make_older(weeks=2)

    def test_what_is_due_is_sent_once_and_what_failed_is_told(self):
        self.mailbox.refusals[PARTNER] = [f"550 5.1.1 <{PARTNER}>: no such user"]
        with MailServer(self.mailbox, tls=tls_for("localhost")) as server:
            self.have_recipients_for_weeks(server)
            with self.serve(server) as serving:
                serving.until(lambda: serving.page("/mail").count("failing since") == 1)
                page = html.unescape(serving.page("/mail"))
                self.assertEqual(page.count("sent on"), 1, page)
                self.assertIn("not tried again until this server starts anew", page)
                self.assertIn("refuses the mail (550 5.1.1 [email] no such user)", page)
                log = serving.last_words()
                self.assertNotIn("@", log)
                self.assertIn("failed to send a weekly mail", log)
            self.assertEqual([taken.recipients for taken in self.mailbox.taken], [[OWNER]])
            with self.serve(server) as serving:
                self.assertEqual(serving.page("/mail").count("sent on"), 1)
            self.assertEqual(len(self.mailbox.taken), 1)

    def test_the_link_in_the_mail_leads_out_and_its_page_back(self):
        with MailServer(self.mailbox, tls=tls_for("localhost")) as server:
            self.have_recipients_for_weeks(server)
            with self.serve(server) as serving:
                serving.until(lambda: len(self.mailbox.taken) == 2)
                links = {
                    taken.recipients[0]: taken.message["List-Unsubscribe"].split(">")[0].partition(PUBLIC_URL)[2]
                    for taken in self.mailbox.taken
                }
                self.assertEqual(len(set(links.values())), 2)

                def unsubscribed():
                    return serving.page("/mail").count("unsubscribed on")

                status, page = serving.request(links[PARTNER], is_owner=False)
                self.assertEqual((status, unsubscribed()), (200, 0), page)
                status, page = serving.request(links[PARTNER], b"List-Unsubscribe=One-Click", is_owner=False)
                self.assertEqual((status, unsubscribed()), (200, 1), page)
                status, page = serving.request(links[PARTNER], b"wish=subscribe", is_owner=False)
                self.assertEqual((status, unsubscribed()), (200, 0), page)

    def test_a_template_that_fails_on_the_week_is_told_once_and_costs_no_mail(self):
        # No sample week that a template is tried on has this question.
        fails = "{{ week }}\n{% if counts and counts.totals[0].value == '1' %}{{ no.thing }}{% endif %}"
        (self.installation.folder / "mine.txt").write_text(fails, "utf-8")
        with MailServer(self.mailbox, tls=tls_for("localhost")) as server:
            self.have_recipients_for_weeks(server)
            with self.serve(server, "--mail-text-template", "mine.txt") as serving:
                serving.until(lambda: len(self.mailbox.taken) == 2 and "built-in form" in serving.last_words())
                (told,) = [line for line in serving.last_words().splitlines() if "built-in form" in line]
                self.assertIn("template_line=2", told)
                self.assertIn("mine.txt", told)
                self.assertIn("invalid mail template mine.txt, line 2", html.unescape(serving.page("/mail")))
            for taken in self.mailbox.taken:
                self.assertIn("Kubernetes", taken.message.get_body(("plain",)).get_content())

    def test_a_server_that_never_answers_holds_up_nothing_else(self):
        with MailServer(self.mailbox, NeverAnswers) as server:
            self.have_recipients_for_weeks(server)
            with self.serve(server) as serving:
                self.assertTrue(server.connected.wait(30), serving.last_words())
                self.assertEqual(serving.request("/healthz", is_owner=False)[0], 200)
                self.assertEqual(serving.page("/mail").count("and being sent"), 2)
                serving.page(f"/weeks/{self.installation.week}")
            # Stopped while the mail was being sent, and so in time.
            records = self.installation.recipients().values()
        self.assertEqual([record.get("failing") for record in records], [None, None])


if __name__ == "__main__":
    unittest.main()
