variable "name_prefix" {
  description = "Comes before every name."
  type        = string
}

variable "region" {
  description = "The region of the resources; IAM's names are the whole account's, so it ends them."
  type        = string
}

variable "amount" {
  description = "The month's budget for the whole account."
  type        = number
}

variable "currency" {
  description = "The currency that AWS counts the account in, mostly USD, whatever you pay in."
  type        = string
}

variable "alert_email" {
  description = "Who is told."
  type        = string
}

variable "free_tier_alert" {
  description = "Tells when the bill exceeds 0.1, which is when something left the free tier."
  type        = bool
}

variable "stop_intake" {
  description = "Takes the Worker's right to send away once the budget is spent."
  type        = bool
}

variable "queue_arn" {
  description = "The queue of events."
  type        = string
}

variable "worker_user_name" {
  description = "The Worker's user."
  type        = string
}

variable "worker_user_arn" {
  description = "The Worker's user."
  type        = string
}
