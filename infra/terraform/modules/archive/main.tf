# Where archives of the data are kept.

data "aws_caller_identity" "current" {}

resource "aws_s3_bucket" "archive" {
  #checkov:skip=CKV_AWS_18:one person's archive; a log of who read it would be a second bucket to look after
  #checkov:skip=CKV_AWS_145:S3's own key encrypts at no cost
  #checkov:skip=CKV2_AWS_62:nothing waits for an archive to be written
  #checkov:skip=CKV_AWS_144:a copy in another region is for those who need one
  bucket = "${var.name_prefix}cv-analytics-archive-${data.aws_caller_identity.current.account_id}-${var.region}"

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "archive" {
  bucket = aws_s3_bucket.archive.bucket

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "archive" {
  bucket = aws_s3_bucket.archive.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "archive" {
  bucket                  = aws_s3_bucket.archive.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "archive" {
  bucket = aws_s3_bucket.archive.bucket

  rule {
    id     = "old-versions-and-rests"
    status = "Enabled"

    filter {
      prefix = ""
    }

    noncurrent_version_expiration {
      noncurrent_days = 90
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

resource "aws_s3_bucket_policy" "archive" {
  bucket = aws_s3_bucket.archive.bucket

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "SecureTransportOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.archive.arn, "${aws_s3_bucket.archive.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
