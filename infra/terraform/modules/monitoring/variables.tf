variable "name_prefix" {
  description = "Comes before every name."
  type        = string
}

variable "environment" {
  description = "The metrics' dimension."
  type        = string
}

variable "region" {
  description = "The region of what is watched."
  type        = string
}

variable "alert_email" {
  description = "Who is told. SNS sends a mail to confirm."
  type        = string
}

variable "queue_name" {
  description = "The queue of events."
  type        = string
}

variable "dead_letter_queue_name" {
  description = "The dead-letter queue."
  type        = string
}

variable "schedule_dead_letter_queue_name" {
  description = "Where the schedule's events go that reached nobody."
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

variable "processor_name" {
  description = "The processor's name."
  type        = string
}

variable "reporter_name" {
  description = "The reporter's name."
  type        = string
}

variable "silence_hours" {
  description = "Rings when no message came for so many hours; 0 for never."
  type        = number
}

variable "join_rate_minimum_messages" {
  description = "The join rate of a day with fewer messages rings no alarm."
  type        = number
}
