variable "sender_email" {
  description = "The address that reports come from. SES sends it a mail to confirm."
  type        = string

  validation {
    condition     = can(regex("^[^@\\s<>]+@[^@\\s<>]+\\.[^@\\s<>]+$", var.sender_email))
    error_message = "The sender is one mail address, without a name."
  }
}

variable "recipient_emails" {
  description = "Who gets the weekly report."
  type        = list(string)

  validation {
    condition     = length(var.recipient_emails) > 0 && alltrue([for address in var.recipient_emails : can(regex("^[^@\\s,]+@[^@\\s,]+$", address))])
    error_message = "Recipients are mail addresses, one at the least."
  }
}

variable "alert_email" {
  description = "Who is told by alarms and the budget. SNS sends it a mail to confirm."
  type        = string

  validation {
    condition     = can(regex("^[^@\\s<>]+@[^@\\s<>]+\\.[^@\\s<>]+$", var.alert_email))
    error_message = "It is one mail address, without a name."
  }
}

variable "create_sender_identity" {
  description = "False where SES has the sender, or its domain, already."
  type        = bool
  default     = true
}

variable "region" {
  description = "Where everything lies."
  type        = string
  default     = "eu-west-2"
}

variable "name_prefix" {
  description = "Comes before every name, for a second environment in the account, such as `dev-`. Empty for the first."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([a-z][a-z0-9-]{0,10}-)?$", var.name_prefix))
    error_message = "The prefix is empty, or small letters, digits and dashes with a dash at the end, 12 at most."
  }
}

variable "environment" {
  description = "The metrics' dimension and the tag `Environment`. Another for each environment in the account."
  type        = string
  default     = "prod"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.environment))
    error_message = "The environment is small letters, digits and dashes."
  }
}

variable "architecture" {
  description = "What the first zip files were built for: `arm64` or `x86_64`; later `release-functions.sh --architecture` changes it, with the code."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architecture is arm64 or x86_64."
  }
}

variable "processor_zip" {
  description = "The processor's zip file; `dist/processor-ARCHITECTURE.zip` where it is not set."
  type        = string
  default     = null
}

variable "reporter_zip" {
  description = "The reporter's zip file; `dist/reporter-ARCHITECTURE.zip` where it is not set."
  type        = string
  default     = null
}

variable "deploy_processor" {
  description = "False where the processor is deployed on its own, from `processor/`."
  type        = bool
  default     = true
}

variable "deploy_reporter" {
  description = "False where the reporter and its schedule are deployed on their own, from `reporter/`."
  type        = bool
  default     = true
}

variable "schedule" {
  description = "When the report is sent, in UTC, in EventBridge's syntax; every 14 days at least, or questions without an answer leave uncounted."
  type        = string
  default     = "cron(0 9 ? * MON *)"
}

variable "table_billing" {
  description = "`OnDemand` bills each request; `Provisioned` gives each table and the index 5 reads and 5 writes a second, which the always-free 25 cover and which read a report of some 26,000 interactions a month in time: `cv-analytics cost --provisioned`."
  type        = string
  default     = "OnDemand"

  validation {
    condition     = contains(["OnDemand", "Provisioned"], var.table_billing)
    error_message = "The billing is OnDemand or Provisioned."
  }
}

variable "table_class" {
  description = "The class of the records' table. `STANDARD_INFREQUENT_ACCESS` stores for less than half and bills each request a quarter more, for tables that are mostly old records; the always-free storage is of `STANDARD` only."
  type        = string
  default     = "STANDARD"

  validation {
    condition     = contains(["STANDARD", "STANDARD_INFREQUENT_ACCESS"], var.table_class)
    error_message = "The class is STANDARD or STANDARD_INFREQUENT_ACCESS."
  }
}

variable "point_in_time_recovery" {
  description = "Keeps 35 days of continuous backups of both tables, billed by size: `cv-analytics cost`."
  type        = bool
  default     = true
}

variable "deletion_protection" {
  description = "Refuses to delete the tables until it is switched off."
  type        = bool
  default     = true
}

variable "processor_concurrency" {
  description = "How many batches the processor works on at once, at most."
  type        = number
  default     = 5

  validation {
    condition     = var.processor_concurrency >= 2 && var.processor_concurrency <= 1000
    error_message = "Lambda takes 2 to 1000."
  }
}

variable "keep_answers" {
  description = "False drops what the agent answered from what it sends; what was kept before stays."
  type        = bool
  default     = true
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 30
}

variable "silence_hours" {
  description = "Rings when no message came for so many hours: more than the longest pause that is usual on your site. 0 for never, 168 at most."
  type        = number
  default     = 72

  validation {
    condition     = var.silence_hours >= 0 && var.silence_hours <= 168 && floor(var.silence_hours) == var.silence_hours
    error_message = "It is a whole number of hours from 0 to 168: an alarm looks back seven days at most."
  }
}

variable "join_rate_minimum_messages" {
  description = "The join rate of a day with fewer messages rings no alarm."
  type        = number
  default     = 20
}

variable "budget_amount" {
  description = "The month's budget for the whole account, in the currency that AWS counts it in."
  type        = number
  default     = 5

  validation {
    condition     = var.budget_amount >= 1
    error_message = "The budget is 1 at the least."
  }
}

variable "budget_currency" {
  description = "The currency that AWS counts the account in, mostly USD, whatever you pay in."
  type        = string
  default     = "USD"
}

variable "stop_intake_at_budget" {
  description = "Revokes the Worker's permission to send once the budget is spent, until you grant it again."
  type        = bool
  default     = false
}

variable "free_tier_alert" {
  description = "Tells when the account's bill exceeds 0.1, which is when something left the free tier."
  type        = bool
  default     = true
}
