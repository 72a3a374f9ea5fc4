# Independent component analysis by maximum likelihood
# Bell and Sejnowski (1995), An information-maximization approach to blind separation
X: 3 x m
W: 3 x 3
b: 3 x 1
A = sigmoid(W @ X + b)
loss = -logdet(W) - sum(log(A * (1 - A))) / m
