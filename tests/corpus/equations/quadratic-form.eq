# A quadratic form that is not symmetric
A: 3 x 3 constant
x: 3 x 1
b: 3 x 1 constant
loss = 1/2 * x.T @ A @ x - b.T @ x
