# The reporter and its schedule on their own, from the infrastructure's outputs: for those who release
# them apart. The infrastructure's `deploy_reporter` is false then.

terraform {
  # The state's key is given to init, as reporter/ENVIRONMENT/terraform.tfstate: one for all would be every environment's.
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

module "reporter" {
  source = "../modules/reporter"

  name_prefix             = local.infrastructure.name_prefix
  zip_file                = coalesce(var.zip_file, "${path.root}/../../../dist/reporter-${var.architecture}.zip")
  architecture            = var.architecture
  role_arn                = local.infrastructure.reporter_role_arn
  query_events_table_name = local.infrastructure.query_events_table_name
  analytics_table_name    = local.infrastructure.analytics_table_name
  dead_letter_queue_url   = local.infrastructure.dead_letter_queue_url
  sender_email            = local.infrastructure.sender_email
  recipient_emails        = local.infrastructure.recipient_emails
  schedule                = var.schedule
  log_retention_days      = var.log_retention_days
}
