output "query_events_table_name" {
  description = "The interim rows' table."
  value       = aws_dynamodb_table.query_events.name
}

output "query_events_table_arn" {
  description = "The interim rows' table."
  value       = aws_dynamodb_table.query_events.arn
}

output "analytics_table_name" {
  description = "The records' table."
  value       = aws_dynamodb_table.analytics.name
}

output "analytics_table_arn" {
  description = "The records' table."
  value       = aws_dynamodb_table.analytics.arn
}
