variable "name_prefix" {
  description = "Comes before every name."
  type        = string
}

variable "region" {
  description = "The region that the queues are in."
  type        = string
}
