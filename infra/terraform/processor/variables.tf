variable "state_bucket" {
  description = "The bucket that `init.sh` made, with the infrastructure's state."
  type        = string
}

variable "state_key" {
  description = "The infrastructure's state in that bucket: `infrastructure/ENVIRONMENT/terraform.tfstate`."
  type        = string
}

variable "state_region" {
  description = "Where the bucket and everything else lies."
  type        = string
  default     = "eu-west-2"
}

variable "state_options" {
  description = "More of what the S3 backend takes, such as a profile."
  type        = any
  default     = {}
}

variable "zip_file" {
  description = "The zip file; that of `cargo xtask dist` where it is not set."
  type        = string
  default     = null
}

variable "architecture" {
  description = "What the first zip file was built for: `arm64` or `x86_64`; later `release-functions.sh --architecture` changes it, with the code."
  type        = string
  default     = "arm64"
}

variable "concurrency" {
  description = "How many batches it works on at once, at most."
  type        = number
  default     = 5
}

variable "keep_answers" {
  description = "False drops what the agent answered from what it sends; what was kept before stays."
  type        = bool
  default     = true
}

variable "log_retention_days" {
  description = "How long its log is kept."
  type        = number
  default     = 30
}
