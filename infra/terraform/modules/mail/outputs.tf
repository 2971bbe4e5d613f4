output "identity_arn" {
  description = "The sender's identity in SES."
  value       = aws_sesv2_email_identity.sender.arn
}
