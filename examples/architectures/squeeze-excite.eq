# Squeeze and excitation: channels are rows, places columns
# Hu, Shen and Sun (2018), Squeeze-and-excitation networks
X: 6 x n input
Y: 2 x 1
W1: 2 x 6
W2: 6 x 2
U: 2 x 6
z = mean(X, axis=1)
s = sigmoid(W2 @ relu(W1 @ z))
F = relu(s * X)
loss = -sum(Y * log_softmax(U @ mean(F, axis=1)))
