# The processor on its own, from the infrastructure's outputs: for those who release it apart.
# The infrastructure's `deploy_processor` is false then.

terraform {
  # The state's key is given to init, as processor/ENVIRONMENT/terraform.tfstate: one for all would be every environment's.
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region = var.state_region

  default_tags {
    tags = {
      Project     = "CVAnalytics"
      Environment = data.terraform_remote_state.infrastructure.outputs.environment
    }
  }
}

data "terraform_remote_state" "infrastructure" {
  backend = "s3"

  config = merge(var.state_options, {
    bucket = var.state_bucket
    key    = var.state_key
    region = var.state_region
  })
}

locals {
  infrastructure = data.terraform_remote_state.infrastructure.outputs
}

module "processor" {
  source = "../modules/processor"

  name_prefix             = local.infrastructure.name_prefix
  environment             = local.infrastructure.environment
  zip_file                = coalesce(var.zip_file, "${path.root}/../../../dist/processor-${var.architecture}.zip")
  architecture            = var.architecture
  role_arn                = local.infrastructure.processor_role_arn
  queue_url               = local.infrastructure.queue_url
  queue_arn               = local.infrastructure.queue_arn
  dead_letter_queue_url   = local.infrastructure.dead_letter_queue_url
  query_events_table_name = local.infrastructure.query_events_table_name
  analytics_table_name    = local.infrastructure.analytics_table_name
  concurrency             = var.concurrency
  keep_answers            = var.keep_answers
  log_retention_days      = var.log_retention_days
}
