variable "name_prefix" {
  description = "Comes before every name."
  type        = string
}

variable "schedule" {
  description = "When the report is sent, in UTC, in EventBridge's syntax; every 14 days at least, or questions without an answer leave uncounted."
  type        = string
}

variable "function_name" {
  description = "The reporter's name."
  type        = string
}

variable "function_arn" {
  description = "The reporter."
  type        = string
}
