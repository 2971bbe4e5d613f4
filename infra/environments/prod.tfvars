environment = "prod"

# Yours:
sender_email     = "reports@example.org"
recipient_emails = ["you@example.org"]
alert_email      = "you@example.org"
budget_amount    = 5
budget_currency  = "USD"
