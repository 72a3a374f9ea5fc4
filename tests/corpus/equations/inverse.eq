# The normal equations
y: 3 x 1 input
A: 3 x 3
w = inv(A) @ y
loss = w.T @ w
