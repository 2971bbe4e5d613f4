variable "name" {
  description = "The function's name."
  type        = string
}

variable "description" {
  description = "What it does, for those who see it in the console."
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

variable "memory_mb" {
  description = "Its memory; processor time comes in proportion."
  type        = number
}

variable "timeout_s" {
  description = "How long one invocation may take."
  type        = number
}

variable "role_arn" {
  description = "What it may do."
  type        = string
}

variable "variables" {
  description = "Its environment."
  type        = map(string)
}

variable "log_retention_days" {
  description = "How long its log is kept."
  type        = number
}
