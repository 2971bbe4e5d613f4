output "queue_url" {
  description = "The Worker's AWS_SQS_URL."
  value       = module.sqs.queue_url
}

output "queue_arn" {
  description = "The queue of events."
  value       = module.sqs.queue_arn
}

output "dead_letter_queue_url" {
  description = "Where the processor sends what cannot be read."
  value       = module.sqs.dead_letter_queue_url
}

output "query_events_table_name" {
  description = "The interim rows' table."
  value       = module.dynamodb.query_events_table_name
}

output "query_events_table_arn" {
  description = "The interim rows' table."
  value       = module.dynamodb.query_events_table_arn
}

output "analytics_table_name" {
  description = "The records' table."
  value       = module.dynamodb.analytics_table_name
}

output "analytics_table_arn" {
  description = "The records' table."
  value       = module.dynamodb.analytics_table_arn
}

output "processor_role_arn" {
  description = "What the processor may do."
  value       = module.iam.processor_role_arn
}

output "reporter_role_arn" {
  description = "What the reporter may do."
  value       = module.iam.reporter_role_arn
}

output "worker_user_name" {
  description = "The Worker's user."
  value       = module.iam.worker_user_name
}

output "alert_topic_arn" {
  description = "What alarms are sent to."
  value       = module.monitoring.topic_arn
}

output "archive_bucket_name" {
  description = "Where archives of the data are kept."
  value       = module.archive.bucket_name
}

output "name_prefix" {
  description = "Comes before every name; for the functions that are deployed on their own."
  value       = var.name_prefix
}

output "environment" {
  description = "The metrics' dimension; for the functions that are deployed on their own."
  value       = var.environment
}

output "region" {
  description = "Where everything lies; for the functions that are deployed on their own."
  value       = var.region
}

output "sender_email" {
  description = "The address that reports come from; for the reporter that is deployed on its own."
  value       = var.sender_email
}

output "recipient_emails" {
  description = "Who gets the weekly report; for the reporter that is deployed on its own."
  value       = var.recipient_emails
}

output "next_steps" {
  description = "What to do after the first apply, in this order."
  value = [
    "Open the mail from SES to ${var.sender_email} and the one from SNS to ${var.alert_email}, and follow the links in them.",
    "In the Worker's folder: infra/scripts/worker-key.sh --user ${module.iam.worker_user_name} --queue-url ${module.sqs.queue_url} --region ${var.region}",
    "aws lambda invoke --region ${var.region} --function-name ${var.name_prefix}cv-analytics-reporter /dev/stdout",
  ]
}
