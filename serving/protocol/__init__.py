"""What requests and answers mean: tensors in protocol buffers and JSON, checks, errors."""
