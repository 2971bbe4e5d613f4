output "name" {
  description = "The function's name."
  value       = module.reporter.name
}

output "arn" {
  description = "The function."
  value       = module.reporter.arn
}
