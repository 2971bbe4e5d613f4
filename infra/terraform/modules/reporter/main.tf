# The reporter and its schedule.

module "function" {
  source = "../function"

  name               = "${var.name_prefix}cv-analytics-reporter"
  description        = "Mails the report of the closed week"
  zip_file           = var.zip_file
  architecture       = var.architecture
  memory_mb          = 1769 # one whole processor; also in infra/install.json, which a test compares
  timeout_s          = 900
  role_arn           = var.role_arn
  log_retention_days = var.log_retention_days

  variables = {
    QUERY_EVENTS_TABLE    = var.query_events_table_name
    ANALYTICS_TABLE       = var.analytics_table_name
    DEAD_LETTER_QUEUE_URL = var.dead_letter_queue_url
    SENDER_EMAIL          = var.sender_email
    RECIPIENT_EMAIL       = join(",", var.recipient_emails)
  }
}

module "eventbridge" {
  source = "../eventbridge"

  name_prefix   = var.name_prefix
  schedule      = var.schedule
  function_name = module.function.name
  function_arn  = module.function.arn
}
