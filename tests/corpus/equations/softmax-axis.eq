# Softmax of rows
# m = 5
X: m x 3 input
Y: m x 2 target
W: 3 x 2
P = softmax(X @ W, 1)
loss = sum((P - Y)**2) / (2 * m)
