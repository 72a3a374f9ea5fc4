# A layer that scales its own input by a sigmoid of it
# m = 5
X: 4 x m
Y: 3 x m
W: 4 x 4
b: 4 x 1
V: 3 x 4
g = sigmoid(W @ X + b)
S = g * X
Out = V @ S
loss = log_cosh(Out, Y)
