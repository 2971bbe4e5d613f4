# cv-analytics on AWS: the same resources as infra/cloudformation/cv-analytics.yaml.

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Project     = "CVAnalytics"
      Environment = var.environment
    }
  }
}

locals {
  dist          = "${path.root}/../../dist"
  processor_zip = coalesce(var.processor_zip, "${local.dist}/processor-${var.architecture}.zip")
  reporter_zip  = coalesce(var.reporter_zip, "${local.dist}/reporter-${var.architecture}.zip")
}

module "sqs" {
  source = "./modules/sqs"

  name_prefix = var.name_prefix
  region      = var.region
}

module "dynamodb" {
  source = "./modules/dynamodb"

  name_prefix            = var.name_prefix
  table_billing          = var.table_billing
  table_class            = var.table_class
  point_in_time_recovery = var.point_in_time_recovery
  deletion_protection    = var.deletion_protection
}

module "iam" {
  source = "./modules/iam"

  name_prefix            = var.name_prefix
  region                 = var.region
  queue_arn              = module.sqs.queue_arn
  dead_letter_queue_arn  = module.sqs.dead_letter_queue_arn
  query_events_table_arn = module.dynamodb.query_events_table_arn
  analytics_table_arn    = module.dynamodb.analytics_table_arn
  sender_email           = var.sender_email
}

module "processor" {
  count  = var.deploy_processor ? 1 : 0
  source = "./modules/processor"

  name_prefix             = var.name_prefix
  environment             = var.environment
  zip_file                = local.processor_zip
  architecture            = var.architecture
  role_arn                = module.iam.processor_role_arn
  queue_url               = module.sqs.queue_url
  queue_arn               = module.sqs.queue_arn
  dead_letter_queue_url   = module.sqs.dead_letter_queue_url
  query_events_table_name = module.dynamodb.query_events_table_name
  analytics_table_name    = module.dynamodb.analytics_table_name
  concurrency             = var.processor_concurrency
  keep_answers            = var.keep_answers
  log_retention_days      = var.log_retention_days

  depends_on = [module.iam]
}

module "reporter" {
  count  = var.deploy_reporter ? 1 : 0
  source = "./modules/reporter"

  name_prefix             = var.name_prefix
  zip_file                = local.reporter_zip
  architecture            = var.architecture
  role_arn                = module.iam.reporter_role_arn
  query_events_table_name = module.dynamodb.query_events_table_name
  analytics_table_name    = module.dynamodb.analytics_table_name
  dead_letter_queue_url   = module.sqs.dead_letter_queue_url
  sender_email            = var.sender_email
  recipient_emails        = var.recipient_emails
  schedule                = var.schedule
  log_retention_days      = var.log_retention_days
}

module "mail" {
  count  = var.create_sender_identity ? 1 : 0
  source = "./modules/mail"

  sender_email = var.sender_email
}

module "archive" {
  source = "./modules/archive"

  name_prefix = var.name_prefix
  region      = var.region
}

# The functions by their names: they may be deployed on their own, before or after.
module "monitoring" {
  source = "./modules/monitoring"

  name_prefix                     = var.name_prefix
  environment                     = var.environment
  region                          = var.region
  alert_email                     = var.alert_email
  queue_name                      = module.sqs.queue_name
  dead_letter_queue_name          = module.sqs.dead_letter_queue_name
  schedule_dead_letter_queue_name = "${var.name_prefix}cv-analytics-schedule-dlq"
  query_events_table_name         = module.dynamodb.query_events_table_name
  analytics_table_name            = module.dynamodb.analytics_table_name
  processor_name                  = "${var.name_prefix}cv-analytics-processor"
  reporter_name                   = "${var.name_prefix}cv-analytics-reporter"
  silence_hours                   = var.silence_hours
  join_rate_minimum_messages      = var.join_rate_minimum_messages
}

module "budget" {
  source = "./modules/budget"

  name_prefix      = var.name_prefix
  region           = var.region
  amount           = var.budget_amount
  currency         = var.budget_currency
  alert_email      = var.alert_email
  free_tier_alert  = var.free_tier_alert
  stop_intake      = var.stop_intake_at_budget
  queue_arn        = module.sqs.queue_arn
  worker_user_name = module.iam.worker_user_name
  worker_user_arn  = module.iam.worker_user_arn
}
