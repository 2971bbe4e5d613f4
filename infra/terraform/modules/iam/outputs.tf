output "processor_role_arn" {
  description = "What the processor may do."
  value       = aws_iam_role.processor.arn
}

output "reporter_role_arn" {
  description = "What the reporter may do."
  value       = aws_iam_role.reporter.arn
}

output "worker_user_name" {
  description = "The Worker's user, which has no access key yet."
  value       = aws_iam_user.worker.name
}

output "worker_user_arn" {
  description = "The Worker's user."
  value       = aws_iam_user.worker.arn
}
