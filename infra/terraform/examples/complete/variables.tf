variable "region" {
  description = "Where everything lies."
  type        = string
  default     = "eu-west-2"
}

variable "name_prefix" {
  description = "Comes before every name."
  type        = string
  default     = "example-"
}

variable "sender_email" {
  description = "The only address that the reporter may send from."
  type        = string
}

variable "processor_zip" {
  description = "The zip file that `cargo xtask dist` wrote."
  type        = string
  default     = "../../../../dist/processor-arm64.zip"
}
