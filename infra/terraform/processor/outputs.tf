output "name" {
  description = "The function's name."
  value       = module.processor.name
}

output "arn" {
  description = "The function."
  value       = module.processor.arn
}
