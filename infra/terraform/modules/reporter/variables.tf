variable "name_prefix" {
  description = "Comes before every name."
  type        = string
}

variable "zip_file" {
  description = "The zip file that `cargo xtask dist` wrote."
  type        = string
}

variable "architecture" {
  description = "What the first zip file was built for."
  type        = string
}

variable "role_arn" {
  description = "What the reporter may do."
  type        = string
}

variable "query_events_table_name" {
  description = "The interim rows' table."
  type        = string
}

variable "analytics_table_name" {
  description = "The records' table."
  type        = string
}

variable "dead_letter_queue_url" {
  description = "Where messages wait that could not be processed; the report says how many."
  type        = string
}

variable "sender_email" {
  description = "The address that reports come from."
  type        = string
}

variable "recipient_emails" {
  description = "Who gets the report."
  type        = list(string)
}

variable "schedule" {
  description = "When the report is sent, in UTC, in EventBridge's syntax; every 14 days at least, or questions without an answer leave uncounted."
  type        = string
}

variable "log_retention_days" {
  description = "How long its log is kept."
  type        = number
}
