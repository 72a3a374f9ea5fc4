# The absolute error of two networks
# m = 5
W: 4 x 3
U: 4 x 2
X: 3 x m
V: 2 x m input
A = tanh(W @ X)
B = U @ V
loss = mae(A, B)
