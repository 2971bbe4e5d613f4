# infra/scripts/init.sh gives the bucket, its region and the environment's key. The lock is a file beside the state.
terraform {
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}
