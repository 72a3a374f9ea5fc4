# Examples as rows, the residual squared by a product
# m = 5
X: m x 3 input
y: m x 1 target
w: 3 x 1
r = X @ w - y
loss = r.T @ r / (2 * m)
