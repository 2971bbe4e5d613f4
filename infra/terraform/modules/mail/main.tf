# The address that reports come from. SES sends it a mail to confirm.

resource "aws_sesv2_email_identity" "sender" {
  email_identity = var.sender_email

  lifecycle {
    prevent_destroy = true
  }
}
