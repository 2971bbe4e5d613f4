# What the variables change, against a provider that calls nobody.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  sender_email     = "reports@example.org"
  recipient_emails = ["you@example.org", "me@example.org"]
  alert_email      = "you@example.org"
}

run "the_first_environment_has_no_prefix" {
  command = plan

  assert {
    condition     = module.sqs.queue_name == "cv-analytics-events.fifo"
    error_message = "the queue has another name: ${module.sqs.queue_name}"
  }

  assert {
    condition     = module.dynamodb.query_events_table_name == "CV-Analytics-QueryEvents"
    error_message = "the table has another name"
  }
}

run "another_environment_has_its_own_names" {
  command = plan

  variables {
    name_prefix = "dev-"
    environment = "dev"
  }

  assert {
    condition     = module.sqs.queue_name == "dev-cv-analytics-events.fifo"
    error_message = "the prefix is not in the queue's name"
  }

  assert {
    condition     = module.monitoring.dashboard_name == "dev-cv-analytics"
    error_message = "the prefix is not in the dashboard's name"
  }
}

run "functions_may_be_deployed_on_their_own" {
  command = plan

  variables {
    deploy_processor = false
    deploy_reporter  = false
  }

  assert {
    condition     = length(module.processor) == 0 && length(module.reporter) == 0
    error_message = "a function is deployed all the same"
  }
}

run "a_prefix_without_a_dash_is_refused" {
  command = plan

  variables {
    name_prefix = "dev"
  }

  expect_failures = [var.name_prefix]
}

run "the_records_table_has_one_of_two_classes" {
  command = plan

  variables {
    table_class = "GLACIER"
  }

  expect_failures = [var.table_class]
}

run "an_alarm_cannot_look_back_more_than_a_week" {
  command = plan

  variables {
    silence_hours = 169
  }

  expect_failures = [var.silence_hours]
}

run "the_report_needs_a_recipient" {
  command = plan

  variables {
    recipient_emails = []
  }

  expect_failures = [var.recipient_emails]
}

run "recipients_in_one_address_are_refused" {
  command = plan

  variables {
    recipient_emails = ["you@example.org,me@example.org"]
  }

  expect_failures = [var.recipient_emails]
}
