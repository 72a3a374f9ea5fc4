# Hard targets and the soft ones of a teacher, given
# m = 5; Y one-hot; Y_soft distribution
X: 3 x m
Y, Y_soft: 4 x m
W1: 6 x 3
W2: 4 x 6
H = relu(W1 @ X)
Z = W2 @ H
P = softmax(Z)
P_soft = softmax(Z / 2)
loss = 0.3 * cross_entropy(P, Y) + 2.8 * cross_entropy(P_soft, Y_soft)
