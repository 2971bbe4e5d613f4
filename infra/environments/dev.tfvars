environment = "dev"
name_prefix = "dev-"

# Yours:
sender_email     = "reports@example.org"
recipient_emails = ["you@example.org"]
alert_email      = "you@example.org"

# Prod has the sender's identity, and watches the account's money.
create_sender_identity = false
free_tier_alert        = false

# Nobody visits a test site for days, and its data may go.
silence_hours       = 0
deletion_protection = false
log_retention_days  = 7
