# The processor behind its queue.

module "function" {
  source = "../function"

  name               = "${var.name_prefix}cv-analytics-processor"
  description        = "Joins the queue's events in two tables"
  zip_file           = var.zip_file
  architecture       = var.architecture
  memory_mb          = 128 # also in infra/install.json, which a test compares
  timeout_s          = 30
  role_arn           = var.role_arn
  log_retention_days = var.log_retention_days

  variables = {
    QUERY_EVENTS_TABLE    = var.query_events_table_name
    ANALYTICS_TABLE       = var.analytics_table_name
    QUEUE_URL             = var.queue_url
    DEAD_LETTER_QUEUE_URL = var.dead_letter_queue_url
    ENVIRONMENT           = var.environment
    KEEP_ANSWERS          = tostring(var.keep_answers)
  }
}

resource "aws_lambda_event_source_mapping" "events" {
  event_source_arn        = var.queue_arn
  function_name           = module.function.arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]
  enabled                 = true

  scaling_config {
    maximum_concurrency = var.concurrency
  }
}
