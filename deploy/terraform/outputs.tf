output "url" {
  description = "Where the service answers, and the audience of tokens for it."
  value       = local.url
}

output "service_account" {
  description = "As whom onerow runs."
  value       = google_service_account.onerow.email
}

output "scheduler_account" {
  description = "Who calls it."
  value       = google_service_account.scheduler.email
}

output "keys" {
  description = "The secret whose versions hold the keys of the service."
  value       = google_secret_manager_secret.apply_keys.id
}
