variable "name_prefix" {
  description = "Comes before every name."
  type        = string
}

variable "region" {
  description = "The region that the queues are in."
  type        = string
}

variable "maximum_message_size" {
  description = "The most bytes that a queue takes in one message."
  type        = number
}
