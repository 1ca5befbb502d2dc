# Preheat's layer, and a function that it is attached to.

terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.82"
    }
  }
}

variable "secret_arn" {
  description = "A secret that exists, a JSON object with a password"
  type        = string
}

variable "parameter_arn" {
  description = "A parameter that exists"
  type        = string
}

resource "aws_lambda_layer_version" "preheat" {
  layer_name               = "preheat"
  description              = "Prefetches secrets, parameters and S3 lookup data during INIT"
  license_info             = "Apache-2.0"
  filename                 = "${path.module}/../../dist/layer.zip"
  source_code_hash         = filebase64sha256("${path.module}/../../dist/layer.zip")
  compatible_runtimes      = ["python3.10", "python3.11", "python3.12", "python3.13"]
  compatible_architectures = ["x86_64", "arm64"]
}

resource "aws_lambda_function" "example" {
  function_name    = "preheat-example"
  filename         = "${path.module}/function.zip"
  source_code_hash = filebase64sha256("${path.module}/function.zip")
  handler          = "handler.handler"
  runtime          = "python3.13"
  architectures    = ["arm64"]
  memory_size      = 512
  role             = aws_iam_role.example.arn
  layers           = [aws_lambda_layer_version.preheat.arn]

  environment {
    variables = {
      PREHEAT_SECRETS    = "${var.secret_arn}?required=true"
      PREHEAT_PARAMETERS = "${var.parameter_arn}?ttl=60s"
      SECRET             = var.secret_arn
      FLAG               = var.parameter_arn
    }
  }
}

resource "aws_iam_role" "example" {
  name = "preheat-example"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.example.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_iam_role_policy" "example" {
  name = "read-what-preheat-prefetches"
  role = aws_iam_role.example.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = var.secret_arn
      },
      {
        Effect   = "Allow"
        Action   = ["ssm:GetParameters", "ssm:GetParameter"]
        Resource = var.parameter_arn
      },
    ]
  })
}

output "layer_arn" {
  description = "The layer, to attach to functions of your own"
  value       = aws_lambda_layer_version.preheat.arn
}
