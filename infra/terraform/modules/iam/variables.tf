variable "name_prefix" {
  description = "Comes before every name."
  type        = string
}

variable "region" {
  description = "The region of the resources; IAM's names are the whole account's, so it ends them."
  type        = string
}

variable "queue_arn" {
  description = "The queue of events."
  type        = string
}

variable "dead_letter_queue_arn" {
  description = "The dead-letter queue."
  type        = string
}

variable "query_events_table_arn" {
  description = "The interim rows' table."
  type        = string
}

variable "analytics_table_arn" {
  description = "The records' table."
  type        = string
}

variable "sender_email" {
  description = "The only address that the reporter may send from."
  type        = string
}
