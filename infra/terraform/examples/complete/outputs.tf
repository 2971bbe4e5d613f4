output "queue_url" {
  description = "The Worker's AWS_SQS_URL."
  value       = module.sqs.queue_url
}

output "worker_user_name" {
  description = "The Worker's user."
  value       = module.iam.worker_user_name
}
