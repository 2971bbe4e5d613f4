variable "name_prefix" {
  description = "Comes before every name."
  type        = string
}

variable "schedule" {
  description = "When the report is sent, in UTC, in EventBridge's syntax."
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
