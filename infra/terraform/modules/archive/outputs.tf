output "bucket_name" {
  description = "The archive."
  value       = aws_s3_bucket.archive.bucket
}
