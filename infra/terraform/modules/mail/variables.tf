variable "sender_email" {
  description = "The address that reports come from."
  type        = string
}
