variable "name_prefix" {
  description = "Comes before every name."
  type        = string
}

variable "region" {
  description = "The region of the bucket."
  type        = string
}
