# The Rayleigh quotient
# Rayleigh (1877), The theory of sound
A: 4 x 4 constant
x: 4 x 1
loss = x.T @ A @ x / (x.T @ x)
