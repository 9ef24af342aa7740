// TokenSelection
