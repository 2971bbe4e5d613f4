# Queue, tables, roles and processor in a configuration of your own: no report by mail, no alarms.

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Project = "CVAnalytics"
    }
  }
}

module "sqs" {
  source = "../../modules/sqs"

  name_prefix = var.name_prefix
  region      = var.region
}

module "dynamodb" {
  source = "../../modules/dynamodb"

  name_prefix            = var.name_prefix
  table_billing          = "Provisioned"
  table_class            = "STANDARD"
  point_in_time_recovery = true
  deletion_protection    = false
}

module "iam" {
  source = "../../modules/iam"

  name_prefix            = var.name_prefix
  region                 = var.region
  queue_arn              = module.sqs.queue_arn
  dead_letter_queue_arn  = module.sqs.dead_letter_queue_arn
  query_events_table_arn = module.dynamodb.query_events_table_arn
  analytics_table_arn    = module.dynamodb.analytics_table_arn
  sender_email           = var.sender_email
}

module "processor" {
  source = "../../modules/processor"

  name_prefix             = var.name_prefix
  environment             = "example"
  zip_file                = var.processor_zip
  architecture            = "arm64"
  role_arn                = module.iam.processor_role_arn
  queue_url               = module.sqs.queue_url
  queue_arn               = module.sqs.queue_arn
  dead_letter_queue_url   = module.sqs.dead_letter_queue_url
  query_events_table_name = module.dynamodb.query_events_table_name
  analytics_table_name    = module.dynamodb.analytics_table_name
  concurrency             = 2
  keep_answers            = true
  log_retention_days      = 7

  # The mapping is refused until the role has its rights.
  depends_on = [module.iam]
}
