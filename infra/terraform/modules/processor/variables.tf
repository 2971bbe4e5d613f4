variable "name_prefix" {
  description = "Comes before every name."
  type        = string
}

variable "environment" {
  description = "The metrics' dimension."
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
  description = "What the processor may do."
  type        = string
}

variable "queue_url" {
  description = "The queue of events."
  type        = string
}

variable "queue_arn" {
  description = "The queue of events."
  type        = string
}

variable "dead_letter_queue_url" {
  description = "Where it sends what cannot be read."
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

variable "concurrency" {
  description = "How many batches it works on at once, at most."
  type        = number
}

variable "keep_answers" {
  description = "False drops what the agent answered from what it sends."
  type        = bool
}

variable "log_retention_days" {
  description = "How long its log is kept."
  type        = number
}
