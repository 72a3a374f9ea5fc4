# Minimise a quadratic form in its matrix and its vector
A: 3 x 3
x: 3 x 1 input
b: 3 x 1
loss = 0.5 * x.T @ A @ x - b.T @ x
