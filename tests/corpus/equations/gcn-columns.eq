# The same with nodes as columns and softmax over classes
# m = 5; Y one-hot
A_hat: m x m input
X: 3 x m
Y: 4 x m
W1: 6 x 3
W2: 4 x 6
H1 = relu(W1 @ X @ A_hat)
P = softmax(W2 @ H1 @ A_hat)
loss = cross_entropy(P, Y)
