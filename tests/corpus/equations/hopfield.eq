# One step of retrieval from learned patterns
# m = 5
X: 3 x m
Y: 3 x m
M: 3 x 4
beta = 2
S = beta * M.T @ X
P = softmax(S)
x_new = M @ P
loss = mse(x_new, Y)
